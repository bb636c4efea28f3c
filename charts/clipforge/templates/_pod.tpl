{{/* What a pod of a component is. Takes (dict "root" $ "name" NAME "c" COMPONENT). */}}

{{- define "clipforge.podSpec" -}}
{{- $root := .root -}}
{{- $c := .c -}}
serviceAccountName: {{ printf "%s-%s" (include "clipforge.fullname" $root) .name }}
automountServiceAccountToken: {{ if include "clipforge.tellsCost" . }}true{{ else }}false{{ end }}
enableServiceLinks: false
terminationGracePeriodSeconds: {{ int $c.terminationGracePeriodSeconds }}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with include "clipforge.priorityClassName" . }}
priorityClassName: {{ . | quote }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- if and $c.database (ne $c.kind "job") (ne $root.Values.migrations.mode "none") }}
initContainers:
  {{- include "clipforge.waitForSchema" . | nindent 2 }}
{{- end }}
containers:
  {{- include "clipforge.container" . | nindent 2 }}
volumes:
  - name: tmp
    emptyDir:
      sizeLimit: 256Mi
  {{- include "clipforge.scratchVolume" . | nindent 2 }}
  {{- with $c.existingClaim }}
  - name: kept
    persistentVolumeClaim:
      claimName: {{ . | quote }}
  {{- end }}
  {{- with $c.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $c.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $c.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $c.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if ne $c.kind "job" }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "clipforge.selector" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}
{{- end -}}

{{- define "clipforge.container" -}}
{{- $c := .c -}}
- name: {{ .name }}
  image: {{ include "clipforge.image" . | quote }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args:
    {{- toYaml $c.args | nindent 4 }}
  env:
    {{- include "clipforge.secrets" . | nindent 4 }}
  {{- if eq $c.kind "job" }}
    {{- range $key, $value := include "clipforge.settings" . | fromJson }}
    - name: {{ $key }}
      value: {{ $value | quote }}
    {{- end }}
  {{- with $c.extraEnvFrom }}
  envFrom:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- else }}
  envFrom:
    - configMapRef:
        name: {{ printf "%s-%s" (include "clipforge.fullname" .root) .name }}
    {{- with $c.extraEnvFrom }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports:
    {{- if eq $c.kind "api" }}
    - name: http
      containerPort: 8000
    {{- end }}
    - name: admin
      containerPort: 9090
  startupProbe:
    httpGet:
      path: /health/live
      port: admin
    {{- toYaml $c.probes.startup | nindent 4 }}
  livenessProbe:
    httpGet:
      path: /health/live
      port: admin
    {{- toYaml $c.probes.liveness | nindent 4 }}
  readinessProbe:
    httpGet:
      path: /health/ready
      port: admin
    {{- toYaml $c.probes.readiness | nindent 4 }}
  {{- if $c.preStopSleepSeconds }}
  lifecycle:
    preStop:
      sleep:
        seconds: {{ int $c.preStopSleepSeconds }}
  {{- end }}
  {{- end }}
  resources:
    {{- toYaml $c.resources | nindent 4 }}
  securityContext:
    {{- include "clipforge.restricted" . | nindent 4 }}
  volumeMounts:
    - name: tmp
      mountPath: /tmp
    - name: scratch
      mountPath: /scratch
    {{- if $c.existingClaim }}
    - name: kept
      mountPath: /kept
    {{- end }}
    {{- with $c.extraVolumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{- define "clipforge.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/*
Waits until the migration job has been: in the image that owns the migrations, under the pod's own
settings and limits.
*/}}
{{- define "clipforge.waitForSchema" -}}
{{- $migrations := include "clipforge.component" (dict "root" .root "name" "migrations") | fromJson -}}
{{- $image := dict "root" .root "name" "migrations" "c" $migrations -}}
- name: wait-for-schema
  image: {{ include "clipforge.image" $image | quote }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args: [python, -m, clipforge_projector, wait]
  env:
    {{- include "clipforge.secrets" . | nindent 4 }}
  envFrom:
    - configMapRef:
        name: {{ printf "%s-%s" (include "clipforge.fullname" .root) .name }}
  resources:
    {{- toYaml .c.resources | nindent 4 }}
  securityContext:
    {{- include "clipforge.restricted" . | nindent 4 }}
  volumeMounts:
    - name: tmp
      mountPath: /tmp
{{- end -}}

{{- define "clipforge.scratchVolume" -}}
- name: scratch
{{- if .c.scratch.storageClassName }}
  ephemeral:
    volumeClaimTemplate:
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: {{ .c.scratch.storageClassName | quote }}
        resources:
          requests:
            storage: {{ .c.scratch.size | quote }}
{{- else }}
  emptyDir:
    sizeLimit: {{ .c.scratch.size | quote }}
{{- end }}
{{- end -}}

{{- define "clipforge.priorityClassName" -}}
{{- if .c.priorityClassName -}}
{{- .c.priorityClassName -}}
{{- else if and .root.Values.priorityClasses.create (ne .c.kind "job") -}}
{{- include "clipforge.clusterName" (dict "root" .root "name" .c.priority) -}}
{{- end -}}
{{- end -}}
