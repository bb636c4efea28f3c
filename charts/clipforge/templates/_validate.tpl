{{/*
What no schema can say: values that contradict each other or the cluster. Each complaint names the
value and what to do. All of them are told at once.
*/}}

{{- define "clipforge.validate" -}}
{{- $found := list -}}
{{- $found = concat $found (include "clipforge.validate.servers" . | fromJsonArray) -}}
{{- $found = concat $found (include "clipforge.validate.settings" . | fromJsonArray) -}}
{{- range $name, $c := include "clipforge.components" (dict "root" . "kinds" (list "api" "worker" "job")) | fromJson -}}
{{- $context := dict "root" $ "name" $name "c" $c -}}
{{- $found = concat $found (include "clipforge.validate.pod" $context | fromJsonArray) -}}
{{- if ne $c.kind "job" -}}
{{- $found = concat $found (include "clipforge.validate.scaling" $context | fromJsonArray) -}}
{{- end -}}
{{- end -}}
{{- if $found -}}
{{- fail (printf "\n\nThese values cannot work:\n- %s\n" (join "\n- " $found)) -}}
{{- end -}}
{{- end -}}

{{- define "clipforge.validate.servers" -}}
{{- $found := list -}}
{{- $values := .Values -}}
{{- if not $values.nats.url -}}
{{- $found = append $found "nats.url is empty: name the log, such as nats://nats:4222 (users and passwords come from nats.existingSecret)." -}}
{{- else if contains "@" $values.nats.url -}}
{{- $found = append $found "nats.url holds a user: leave it out, each service gets its own from nats.existingSecret." -}}
{{- end -}}
{{- if not $values.nats.existingSecret -}}
{{- $found = append $found "nats.existingSecret is empty: name a Secret that holds the password of each NATS user under the user's name (admin, gateway, projector, import, ...)." -}}
{{- end -}}
{{- if not $values.postgres.existingSecret -}}
{{- $found = append $found (printf "postgres.existingSecret is empty: name a Secret whose key %q holds postgresql://user:password@host:5432/database." $values.postgres.keys.url) -}}
{{- end -}}
{{- if not $values.s3.endpoint -}}
{{- $found = append $found "s3.endpoint is empty: name the object store as pods reach it, such as https://s3.eu-west-1.amazonaws.com." -}}
{{- end -}}
{{- if not $values.s3.existingSecret -}}
{{- $found = append $found (printf "s3.existingSecret is empty: name a Secret with the keys %q and %q." $values.s3.keys.accessKey $values.s3.keys.secretKey) -}}
{{- end -}}
{{- if and $values.components.webhooks.enabled (not $values.webhooks.existingSecret) -}}
{{- $found = append $found (printf "webhooks.existingSecret is empty: name a Secret whose key %q holds a random text of at least 32 characters, or set components.webhooks.enabled=false." $values.webhooks.key) -}}
{{- end -}}
{{- if and $values.ingress.enabled (not $values.ingress.hosts) -}}
{{- $found = append $found "ingress.hosts is empty: name at least one host, or set ingress.enabled=false." -}}
{{- end -}}
{{- if and $values.httpRoute.enabled (not $values.httpRoute.parentRefs) -}}
{{- $found = append $found "httpRoute.parentRefs is empty: name the Gateway that serves the route, or set httpRoute.enabled=false." -}}
{{- end -}}
{{- if and (or $values.ingress.enabled $values.httpRoute.enabled) (not $values.components.gateway.enabled) -}}
{{- $found = append $found "ingress and httpRoute lead to the gateway, which is off: set components.gateway.enabled=true." -}}
{{- end -}}
{{- if and (not $values.s3.publicEndpoint) (or $values.ingress.enabled $values.httpRoute.enabled) -}}
{{- $found = append $found "s3.publicEndpoint is empty, so links that leave the cluster would lead to s3.endpoint: name the address at which users reach the object store (the same one, where they can)." -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}

{{- define "clipforge.validate.settings" -}}
{{- $found := list -}}
{{- $secrets := list "CLIPFORGE_NATS_URL" "CLIPFORGE_DATABASE_URL" "CLIPFORGE_DATABASE_READ_URL" "CLIPFORGE_S3_ACCESS_KEY" "CLIPFORGE_S3_SECRET_KEY" "CLIPFORGE_BOOTSTRAP_API_KEY" "CLIPFORGE_WEBHOOKS_SECRET_KEYS" "CLIPFORGE_SENTRY_DSN" "CLIPFORGE_API_KEY" -}}
{{- $places := dict "settings" .Values.settings -}}
{{- range $name, $own := .Values.components -}}
{{- $_ := set $places (printf "components.%s.settings" $name) ($own.settings | default dict) -}}
{{- end -}}
{{- range $place, $settings := $places -}}
{{- range $key, $_ := $settings -}}
{{- if has $key $secrets -}}
{{- $found = append $found (printf "%s.%s is a secret, and would be readable in a ConfigMap: use the existingSecret of its server." $place $key) -}}
{{- else if has $key (list "CLIPFORGE_ADMIN_PORT" "CLIPFORGE_ADMIN_HOST" "CLIPFORGE_HOST" "CLIPFORGE_PORT" "CLIPFORGE_GRACE_SECONDS") -}}
{{- $found = append $found (printf "%s.%s belongs to the chart, which keeps probes, Services and grace periods in step with it: leave it out." $place $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}

{{- define "clipforge.validate.pod" -}}
{{- $found := list -}}
{{- $image := include "clipforge.image" . -}}
{{- if hasSuffix ":latest" $image -}}
{{- $found = append $found (printf "the image of %s has the tag latest, so nobody knows what runs or what to roll back to: set image.tag to a version." .name) -}}
{{- end -}}
{{- if and (ne .c.kind "job") (lt (include "clipforge.drain" . | int) 5) -}}
{{- $found = append $found (printf "components.%s.terminationGracePeriodSeconds is %d, which leaves %s s for work in hand (without preStopSleepSeconds and drainMarginSeconds): raise it by %d or more." .name (int .c.terminationGracePeriodSeconds) (include "clipforge.drain" .) (sub 5 (include "clipforge.drain" . | int))) -}}
{{- end -}}
{{- if and .c.schedule (not .c.existingClaim) -}}
{{- $found = append $found (printf "components.%s has nowhere to leave what it makes: set components.%s.existingClaim to a PersistentVolumeClaim." .name .name) -}}
{{- end -}}
{{- $reserved := dig "limits" "ephemeral-storage" "" .c.resources -}}
{{- if and $reserved (not .c.scratch.storageClassName) -}}
{{- if gt (include "clipforge.mebibytes" .c.scratch.size | int64) (include "clipforge.mebibytes" $reserved | int64) -}}
{{- $found = append $found (printf "components.%s.scratch.size (%s) is above its limit of ephemeral-storage (%s), so its pods would be evicted before the scratch folder is full: raise the limit, or lower the size." .name .c.scratch.size $reserved) -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}

{{- define "clipforge.validate.scaling" -}}
{{- $found := list -}}
{{- $mode := include "clipforge.mode" . -}}
{{- $scaling := .c.autoscaling -}}
{{- $here := printf "components.%s.autoscaling" .name -}}
{{- if and (has $mode (list "external" "keda")) (not .c.stage) -}}
{{- $found = append $found (printf "%s.mode is %s, but %s has no queue to count: set it to cpu or none." $here $mode .name) -}}
{{- end -}}
{{- if ne $mode "none" -}}
{{- if .c.replicas -}}
{{- $found = append $found (printf "components.%s.replicas is set beside an autoscaler, which would undo each other's work: leave it out, or set %s.mode=none." .name $here) -}}
{{- end -}}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) -}}
{{- $found = append $found (printf "%s.minReplicas (%d) is above maxReplicas (%d)." $here (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $mode "keda") (not .root.Values.autoscaling.keda.prometheusAddress) -}}
{{- $found = append $found (printf "%s.mode is keda, which asks Prometheus: set autoscaling.keda.prometheusAddress, such as http://prometheus.monitoring:9090." $here) -}}
{{- end -}}
{{- if and (eq $mode "cpu") (not (dig "requests" "cpu" "" .c.resources)) -}}
{{- $found = append $found (printf "%s.mode is cpu, which is measured against a request: set components.%s.resources.requests.cpu." $here .name) -}}
{{- end -}}
{{- range $way, $behavior := $scaling.behavior -}}
{{- if and (hasKey $behavior "tolerance") (has $mode (list "external" "keda" "cpu")) (semverCompare "<1.35-0" $.root.Capabilities.KubeVersion.Version) -}}
{{- $found = append $found (printf "%s.behavior.%s.tolerance needs Kubernetes 1.35 (this is %s): leave it out." $here $way $.root.Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- end -}}
{{- if eq (int $scaling.minReplicas) 0 -}}
{{- if eq $mode "cpu" -}}
{{- $found = append $found (printf "%s.minReplicas is 0, but no pod has no CPU to measure: set it to 1, or use the mode external or keda." $here) -}}
{{- else if and (eq $mode "external") (semverCompare "<1.37-0" .root.Capabilities.KubeVersion.Version) -}}
{{- $found = append $found (printf "%s.minReplicas is 0, which an HPA can do from Kubernetes 1.37 on (this is %s): set it to 1, or use the mode keda." $here .root.Capabilities.KubeVersion.Version) -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}

{{/* A quantity such as 20Gi in mebibytes. */}}
{{- define "clipforge.mebibytes" -}}
{{- $number := regexFind "^[0-9]+" . | int64 -}}
{{- $unit := regexFind "[A-Za-z]*$" . -}}
{{- mul $number (get (dict "Mi" 1 "Gi" 1024 "Ti" 1048576) $unit | default 0) -}}
{{- end -}}
