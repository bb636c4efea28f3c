{{/*
What is outstanding a stage: what waits and what runs, over all priorities and lanes. The active
projector tells it, and while it hands over to another one both may: the larger number counts. The
autoscalers, the alerts and the dashboards read this one series.
*/}}
{{- define "clipforge.outstanding" -}}
max by (stage) (clipforge_stage_outstanding{ {{- include "clipforge.ownSeries" . }}})
{{- end -}}

{{/* Matchers of the release's own series: labels that the PodMonitor and annotated scraping give. */}}
{{- define "clipforge.ownSeries" -}}
{{- with .Values.observability.rules.selector -}}
{{- . -}}
{{- else -}}
namespace={{ .Release.Namespace | quote }},app_kubernetes_io_instance={{ .Release.Name | quote }}
{{- end -}}
{{- end -}}

{{/* Matchers of what Kubernetes tells of the release's containers. */}}
{{- define "clipforge.podSeries" -}}
namespace={{ .Release.Namespace | quote }},pod=~"{{ include "clipforge.fullname" . }}-({{ include "clipforge.running" . }})-.+",container=~"{{ include "clipforge.running" . }}"
{{- end -}}

{{/* Matchers of what Kubernetes tells of the release's autoscalers. */}}
{{- define "clipforge.hpaSeries" -}}
namespace={{ .Release.Namespace | quote }},horizontalpodautoscaler=~"{{ include "clipforge.fullname" . }}-({{ include "clipforge.running" . }})"
{{- end -}}

{{/* The labels of what the release's rules record and tell: a Prometheus may have several releases. */}}
{{- define "clipforge.here" -}}
namespace: {{ .Release.Namespace | quote }}
release: {{ .Release.Name | quote }}
{{- end -}}

{{/* Matchers of what the release's rules have recorded. */}}
{{- define "clipforge.recorded" -}}
namespace={{ .Release.Namespace | quote }},release={{ .Release.Name | quote }}
{{- end -}}

{{- define "clipforge.running" -}}
{{- include "clipforge.components" (dict "root" . "kinds" (list "api" "worker")) | fromJson | keys | sortAlpha | join "|" -}}
{{- end -}}

{{/*
One file of files/rules as Prometheus wants it. There, [[ ]] stands for Prometheus's own braces; each
alert gets the labels of the release, and the address of its runbook, which bears its name.
Takes (dict "root" $ "path" PATH).
*/}}
{{- define "clipforge.rules" -}}
{{- $values := .root.Values.observability.rules -}}
{{- $here := include "clipforge.here" .root | fromYaml -}}
{{- $source := printf "{{- $t := .Values.observability.rules.thresholds -}}\n%s" (.root.Files.Get .path) -}}
{{- $text := tpl $source .root | replace "[[" "{{" | replace "]]" "}}" -}}
{{- $made := list -}}
{{- range $rule := fromYamlArray $text -}}
{{- if kindIs "string" $rule -}}
{{- fail (printf "%s is no YAML: %s" $.path $rule) -}}
{{- else if $rule.record -}}
{{- $made = append $made (dict "record" $rule.record "expr" $rule.expr "labels" $here) -}}
{{- else if not (has $rule.alert $values.without) -}}
{{- $runbook := printf "%s/%s.md" (trimSuffix "/" $values.runbooks) ($rule.alert | trimPrefix "ClipForge" | kebabcase) -}}
{{- $alert := dict
  "alert" $rule.alert
  "expr" $rule.expr
  "labels" (merge (dict "severity" $rule.severity) $here)
  "annotations" (dict "summary" $rule.summary "runbook_url" $runbook)
-}}
{{- with $rule.for -}}{{- $_ := set $alert "for" . -}}{{- end -}}
{{- $made = append $made $alert -}}
{{- end -}}
{{- end -}}
{{- toYaml $made -}}
{{- end -}}
