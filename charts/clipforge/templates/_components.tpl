{{/*
A component as it is: the chart's defaults, those of its kind, and its own, in that order.
Takes (dict "root" $ "name" NAME); gives JSON for fromJson, since a template returns text.
*/}}
{{- define "clipforge.component" -}}
{{- $own := get .root.Values.components .name -}}
{{- $kind := get .root.Values.kinds $own.kind -}}
{{- mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy $kind) (deepCopy $own) | toJson -}}
{{- end -}}

{{/*
Contexts of all enabled components of some kinds, by name. Takes (dict "root" $ "kinds" (list ...)).
*/}}
{{- define "clipforge.components" -}}
{{- $found := dict -}}
{{- range $name, $own := .root.Values.components -}}
{{- if and $own.enabled (has $own.kind $.kinds) -}}
{{- $_ := set $found $name (include "clipforge.component" (dict "root" $.root "name" $name) | fromJson) -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end -}}

{{/* How a component is scaled. Takes (dict "root" $ "c" COMPONENT). */}}
{{- define "clipforge.mode" -}}
{{- .c.autoscaling.mode | default .root.Values.autoscaling.mode -}}
{{- end -}}

{{/*
Whether a component tells Kubernetes how much it has in hand: a stage that is scaled. Not what fetches
users' addresses: it must not reach the API server. Takes (dict "root" $ "c" COMPONENT).
*/}}
{{- define "clipforge.tellsCost" -}}
{{- if and .root.Values.autoscaling.deletionCost.enabled .c.stage (not .c.internet) (ne (include "clipforge.mode" .) "none") -}}
true
{{- end -}}
{{- end -}}

{{- define "clipforge.image" -}}
{{- $image := .root.Values.image -}}
{{- $own := .c.image | default dict -}}
{{- $repository := printf "%s/%s" $image.repository ($own.name | default .name) -}}
{{- if $image.registry -}}{{- $repository = printf "%s/%s" $image.registry $repository -}}{{- end -}}
{{- $repository = $own.repository | default $repository -}}
{{- if $own.digest -}}
{{- printf "%s@%s" $repository $own.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository ($own.tag | default $image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* The Secret with the API key for `helm test`, or nothing: then there is no test. */}}
{{- define "clipforge.testKey" -}}
{{- $values := .Values -}}
{{- if and $values.test.enabled $values.components.gateway.enabled -}}
{{- if $values.test.existingSecret -}}
{{- dict "name" $values.test.existingSecret "key" $values.test.key | toJson -}}
{{- else if $values.auth.bootstrapKey.existingSecret -}}
{{- dict "name" $values.auth.bootstrapKey.existingSecret "key" $values.auth.bootstrapKey.key | toJson -}}
{{- end -}}
{{- end -}}
{{- end -}}
