{{/* Peers and ports of the NetworkPolicies. */}}

{{/* The port of an address such as https://host:9000/path, or that of its scheme. */}}
{{- define "clipforge.port" -}}
{{- $parts := urlParse . -}}
{{- $port := regexFind ":[0-9]+$" $parts.host | trimPrefix ":" -}}
{{- $port | default (get (dict "http" "80" "https" "443" "nats" "4222" "tls" "4222") $parts.scheme) -}}
{{- end -}}

{{/*
What is not of the public internet, and so never what a user's address may lead to; and what has a
public address, but is the cluster's own: its nodes, or its API server.
*/}}
{{- define "clipforge.notPublic" -}}
{{- $reserved := list "0.0.0.0/8" "10.0.0.0/8" "100.64.0.0/10" "127.0.0.0/8" "169.254.0.0/16" "172.16.0.0/12" "192.0.0.0/24" "192.0.2.0/24" "192.168.0.0/16" "198.18.0.0/15" "198.51.100.0/24" "203.0.113.0/24" "224.0.0.0/3" -}}
{{- concat $reserved .root.Values.networkPolicy.ownPublic | toJson -}}
{{- end -}}

{{/*
Where a server may be: what the values say, or else any pod of the cluster and any address outside
but the metadata service's. A component that fetches what users name gets public addresses only, so
that a name which leads to a private address ends at the network, too.
Takes (dict "root" $ "c" COMPONENT "peers" LIST).
*/}}
{{- define "clipforge.peers" -}}
{{- if .peers -}}
{{- toYaml .peers -}}
{{- else -}}
- namespaceSelector: {}
- ipBlock:
    cidr: 0.0.0.0/0
    except: {{ if .c.internet }}{{ include "clipforge.notPublic" . }}{{ else }}[169.254.0.0/16]{{ end }}
{{- end -}}
{{- end -}}

{{- define "clipforge.egress" -}}
{{- $values := .root.Values -}}
{{- $policy := $values.networkPolicy -}}
- to:
    {{- toYaml $policy.dns | nindent 4 }}
  ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- if .c.nats }}
- to:
    {{- include "clipforge.peers" (dict "root" .root "c" .c "peers" $policy.nats) | nindent 4 }}
  ports:
    - port: {{ include "clipforge.port" $values.nats.url }}
      protocol: TCP
{{- end }}
{{- if .c.s3 }}
- to:
    {{- include "clipforge.peers" (dict "root" .root "c" .c "peers" $policy.s3) | nindent 4 }}
  ports:
    {{- $ports := list (include "clipforge.port" $values.s3.endpoint) }}
    {{- if .test }}
    {{- range compact (list $values.s3.publicEndpoint $values.s3.downloadEndpoint) }}
    {{- $ports = append $ports (include "clipforge.port" .) }}
    {{- end }}
    {{- end }}
    {{- range uniq $ports }}
    - port: {{ . }}
      protocol: TCP
    {{- end }}
{{- end }}
{{- if .c.database }}
- to:
    {{- include "clipforge.peers" (dict "root" .root "c" .c "peers" $policy.postgres) | nindent 4 }}
  ports:
    - port: {{ int $values.postgres.port }}
      protocol: TCP
{{- end }}
{{- if and $values.observability.otlpEndpoint (not .test) }}
- to:
    {{- include "clipforge.peers" (dict "root" .root "c" .c "peers" $policy.otlp) | nindent 4 }}
  ports:
    - port: {{ include "clipforge.port" $values.observability.otlpEndpoint }}
      protocol: TCP
{{- end }}
{{- if and $values.observability.sentry.existingSecret (not .test) }}
- to:
    {{- include "clipforge.peers" (dict "root" .root "c" .c "peers" $policy.sentry) | nindent 4 }}
  ports:
    - port: {{ int $values.observability.sentry.port }}
      protocol: TCP
{{- end }}
{{- if and (not .test) (include "clipforge.tellsCost" .) }}
- to:
    {{- if $policy.apiServer }}
    {{- toYaml $policy.apiServer | nindent 4 }}
    {{- else }}
    {{- range concat (list "10.0.0.0/8" "100.64.0.0/10" "172.16.0.0/12" "192.0.2.0/24" "192.168.0.0/16") $policy.ownPublic }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
    {{- end }}
  ports:
    {{- range $policy.apiServerPorts }}
    - port: {{ int . }}
      protocol: TCP
    {{- end }}
{{- end }}
{{- if .c.internet }}
- to:
    - ipBlock:
        cidr: 0.0.0.0/0
        except: {{ include "clipforge.notPublic" . }}
    {{- if $policy.publicIPv6 }}
    - ipBlock:
        cidr: 2000::/3
    {{- end }}
  ports:
    - protocol: TCP
{{- end }}
{{- with .c.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}
