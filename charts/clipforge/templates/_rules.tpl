{{/*
What is outstanding a stage: what waits and what runs, over all priorities and lanes. The autoscalers,
the alerts and the dashboards read this one series, so that no one else knows how consumers are
named, or which prefix the exporter gives. Followers tell stale numbers: only the leader's count.
*/}}
{{- define "clipforge.outstanding" -}}
{{- $stages := list -}}
{{- range $name, $c := include "clipforge.components" (dict "root" . "kinds" (list "worker")) | fromJson -}}
{{- if $c.stage -}}{{- $stages = append $stages $c.stage -}}{{- end -}}
{{- end -}}
{{- $selector := .Values.observability.rules.natsSelector -}}
sum by (stage) (
  label_replace(
    {
      __name__=~"(jetstream|nats)_consumer_num_(pending|ack_pending)",
      stream_name="CLIPFORGE",
      is_consumer_leader="true"{{ with $selector }},
      {{ . }}{{ end }},
      consumer_name=~"({{ join "|" $stages }})-(critical|high|normal|low)-l[0-9]"
    },
    "stage", "$1", "consumer_name", "(.+)-[a-z]+-l[0-9]"
  )
)
{{- end -}}
