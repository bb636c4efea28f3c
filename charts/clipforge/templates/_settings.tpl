{{/*
The settings of a component that are no secrets, as a map. Takes (dict "root" $ "name" NAME "c" COMPONENT).
What comes later wins: for all, for the release, for the component.
*/}}
{{- define "clipforge.settings" -}}
{{- $values := .root.Values -}}
{{- $made := dict
  "CLIPFORGE_ADMIN_HOST" "0.0.0.0"
  "CLIPFORGE_ADMIN_PORT" "9090"
  "CLIPFORGE_SCRATCH_DIR" "/scratch"
  "CLIPFORGE_DATA_DIR" "/scratch/data"
  "CLIPFORGE_LOG_LEVEL" $values.observability.logLevel
  "CLIPFORGE_OTLP_ENDPOINT" $values.observability.otlpEndpoint
  "CLIPFORGE_S3_ENDPOINT" $values.s3.endpoint
  "CLIPFORGE_S3_PUBLIC_ENDPOINT" $values.s3.publicEndpoint
  "CLIPFORGE_S3_DOWNLOAD_ENDPOINT" $values.s3.downloadEndpoint
  "CLIPFORGE_S3_REGION" $values.s3.region
  "CLIPFORGE_S3_BUCKET" $values.s3.bucket
  "CLIPFORGE_STREAM_REPLICAS" (toString $values.nats.replicas)
  "CLIPFORGE_STREAM_MAX_AGE_DAYS" (toString $values.nats.maxAgeDays)
  "CLIPFORGE_LOG_MAX_BYTES" (int64 $values.nats.maxBytes | toString)
-}}
{{- if ne .c.kind "job" -}}
{{- $_ := set $made "CLIPFORGE_GRACE_SECONDS" (include "clipforge.drain" .) -}}
{{- end -}}
{{- if eq .c.kind "api" -}}
{{- $_ := set $made "CLIPFORGE_HOST" "0.0.0.0" -}}
{{- $_ := set $made "CLIPFORGE_PORT" "8000" -}}
{{- end -}}
{{- if .c.stage -}}
{{- $_ := set $made (printf "CLIPFORGE_%s_CONCURRENCY" (.c.stage | upper | replace "-" "_")) (toString .c.concurrency) -}}
{{- end -}}
{{- if include "clipforge.tellsCost" . -}}
{{- $_ := set $made "CLIPFORGE_POD_DELETION_COST" "true" -}}
{{- end -}}
{{- $all := mergeOverwrite $made (deepCopy $values.settings) (deepCopy (.c.settings | default dict)) -}}
{{- $text := dict -}}
{{- range $key, $value := $all -}}
{{- if not (kindIs "invalid" $value) -}}
{{- $_ := set $text $key (toString $value) -}}
{{- end -}}
{{- end -}}
{{- toJson $text -}}
{{- end -}}

{{/*
Seconds that a pod may use to finish or hand back its work: its grace period without the time before
SIGTERM (preStop) and a margin for closing connections.
*/}}
{{- define "clipforge.drain" -}}
{{- sub (sub (int .c.terminationGracePeriodSeconds) (int .c.preStopSleepSeconds)) (int .root.Values.drainMarginSeconds) -}}
{{- end -}}

{{/* The settings that are secrets, each from a Secret that exists already: a list of `env`. */}}
{{- define "clipforge.secrets" -}}
{{- $values := .root.Values -}}
{{- $user := .c.natsUser | default .name -}}
- name: NATS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $values.nats.existingSecret | quote }}
      key: {{ get $values.nats.keys $user | default $user | quote }}
- name: CLIPFORGE_NATS_URL
  value: {{ include "clipforge.natsUrl" (dict "root" .root "user" $user) | quote }}
- name: CLIPFORGE_S3_ACCESS_KEY
  valueFrom:
    secretKeyRef:
      name: {{ $values.s3.existingSecret | quote }}
      key: {{ $values.s3.keys.accessKey | quote }}
- name: CLIPFORGE_S3_SECRET_KEY
  valueFrom:
    secretKeyRef:
      name: {{ $values.s3.existingSecret | quote }}
      key: {{ $values.s3.keys.secretKey | quote }}
{{- if .c.database }}
- name: CLIPFORGE_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ $values.postgres.existingSecret | quote }}
      key: {{ $values.postgres.keys.url | quote }}
{{- end }}
{{- if and (eq .c.kind "api") $values.postgres.read.existingSecret }}
- name: CLIPFORGE_DATABASE_READ_URL
  valueFrom:
    secretKeyRef:
      name: {{ $values.postgres.read.existingSecret | quote }}
      key: {{ $values.postgres.read.key | quote }}
{{- end }}
{{- if and (eq .c.kind "api") $values.auth.bootstrapKey.existingSecret }}
- name: CLIPFORGE_BOOTSTRAP_API_KEY
  valueFrom:
    secretKeyRef:
      name: {{ $values.auth.bootstrapKey.existingSecret | quote }}
      key: {{ $values.auth.bootstrapKey.key | quote }}
{{- end }}
{{- if and (or (eq .c.kind "api") (eq .c.stage "webhooks")) $values.webhooks.existingSecret }}
- name: CLIPFORGE_WEBHOOKS_SECRET_KEYS
  valueFrom:
    secretKeyRef:
      name: {{ $values.webhooks.existingSecret | quote }}
      key: {{ $values.webhooks.key | quote }}
{{- end }}
{{- with $values.observability.sentry.existingSecret }}
- name: CLIPFORGE_SENTRY_DSN
  valueFrom:
    secretKeyRef:
      name: {{ . | quote }}
      key: {{ $values.observability.sentry.key | quote }}
{{- end }}
{{- with .c.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* nats://user:$(NATS_PASSWORD)@host:port: the kubelet puts the password in its place. */}}
{{- define "clipforge.natsUrl" -}}
{{- $parts := splitn "://" 2 .root.Values.nats.url -}}
{{- printf "%s://%s:$(NATS_PASSWORD)@%s" $parts._0 .user $parts._1 -}}
{{- end -}}
