{{/* Names and labels. Every object bears the name of the release, so that two fit in one namespace. */}}

{{- define "clipforge.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 40 characters: the longest suffix is that of a job with its hash. */}}
{{- define "clipforge.fullname" -}}
{{- $name := include "clipforge.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects the pods of a component. Takes (dict "root" $ "name" NAME). */}}
{{- define "clipforge.selector" -}}
app.kubernetes.io/name: {{ include "clipforge.name" .root | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .name | quote }}
{{- end -}}

{{/* What selects every pod of the release. */}}
{{- define "clipforge.release" -}}
app.kubernetes.io/name: {{ include "clipforge.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "clipforge.labels" -}}
{{ include "clipforge.selector" . }}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service | quote }}
app.kubernetes.io/part-of: "clipforge"
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | quote }}
{{- end -}}

{{/*
The labels of a pod: without the versions of the release, for which no pod needs to be started anew.
*/}}
{{- define "clipforge.podLabels" -}}
{{ include "clipforge.selector" . }}
app.kubernetes.io/part-of: "clipforge"
{{- end -}}

{{/* The head of an object of one component. Takes (dict "root" $ "name" NAME). */}}
{{- define "clipforge.metadata" -}}
name: {{ printf "%s-%s" (include "clipforge.fullname" .root) .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "clipforge.labels" . | nindent 2 }}
{{- end -}}
