{{/*
What is outstanding a stage: what waits and what runs, over all priorities and lanes. The active
projector tells it, and while it hands over to another one both may: the larger number counts. The
autoscalers, the alerts and the dashboards read this one series.
*/}}
{{- define "clipforge.outstanding" -}}
max by (namespace, stage) (clipforge_stage_outstanding)
{{- end -}}
