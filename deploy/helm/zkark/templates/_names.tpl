{{/* The beginning of every name: the release's, with the chart's in it. */}}
{{- define "zkark.fullname" -}}
{{- if contains "zkark" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-zkark" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "zkark.labels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: zkark
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* What tells the pods that have zkark beside ZooKeeper. */}}
{{- define "zkark.podLabels" -}}
app.kubernetes.io/name: zookeeper
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The service account of a role: dict "root" . "role" "shipper". */}}
{{- define "zkark.serviceAccountName" -}}
{{- $account := (index .root.Values .role).serviceAccount }}
{{- if $account.name }}{{ $account.name }}{{ else if $account.create }}{{ include "zkark.fullname" .root }}-{{ .role }}{{ else }}default{{ end }}
{{- end }}

{{- define "zkark.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}
