{{/* Names and labels. Every object bears the name of the release, so that two fit in one namespace. */}}

{{- define "clipforge.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 37 characters: a CronJob may have 52, and a component's name 14 of them. */}}
{{- define "clipforge.fullname" -}}
{{- $name := include "clipforge.name" . -}}
{{- $whole := .Values.fullnameOverride -}}
{{- if not $whole -}}
{{- $whole = contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- end -}}
{{- include "clipforge.cut" (dict "text" $whole "most" 37) -}}
{{- end -}}

{{/*
The name of an object of the whole cluster. It begins with the namespace, since another one may have
a release of the same name; in front of a dot, which no namespace has. Takes (dict "root" $ "name" NAME).
*/}}
{{- define "clipforge.clusterName" -}}
{{- $whole := printf "%s.%s" .root.Release.Namespace (include "clipforge.fullname" .root) -}}
{{- printf "%s-%s" (include "clipforge.cut" (dict "text" $whole "most" (sub 62 (len .name) | int))) .name -}}
{{- end -}}

{{/* What is too long ends in a hash instead, so that what was cut off still tells two apart. Takes (dict "text" TEXT "most" LENGTH). */}}
{{- define "clipforge.cut" -}}
{{- if le (len .text) .most -}}
{{- .text -}}
{{- else -}}
{{- printf "%s-%s" (.text | trunc (sub .most 9 | int) | trimSuffix "-" | trimSuffix ".") (sha256sum .text | trunc 8) -}}
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
