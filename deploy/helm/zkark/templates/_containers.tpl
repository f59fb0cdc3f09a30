{{/*
What to add to the pod of a ZooKeeper server. With zkark as a subchart, give the subchart's own context:

  initContainers:
    {{- include "zkark.restoreContainer" .Subcharts.zkark | nindent 4 }}
    {{- include "zkark.sidecarContainer" .Subcharts.zkark | nindent 4 }}
  volumes:
    {{- include "zkark.volumes" .Subcharts.zkark | nindent 4 }}
*/}}
{{- define "zkark.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* The environment of a role: dict "root" . "role" "shipper". */}}
{{- define "zkark.envFrom" -}}
- configMapRef: {name: {{ include "zkark.fullname" .root }}}
{{- with (index .root.Values .role).secret }}
- secretRef: {name: {{ . }}}
{{- end }}
{{- end }}

{{/* The mounts of ZooKeeper's files: dict "root" . "readOnly" true. */}}
{{- define "zkark.volumeMounts" -}}
{{- $pod := .root.Values.pod -}}
- {name: {{ $pod.data.volume }}, mountPath: {{ $pod.data.mountPath }}, readOnly: {{ .readOnly }}}
{{- if $pod.dataLog.volume }}
- {name: {{ $pod.dataLog.volume }}, mountPath: {{ $pod.dataLog.mountPath }}, readOnly: {{ .readOnly }}}
{{- end }}
{{- if ne $pod.zooCfg.volume $pod.data.volume }}
- {name: {{ $pod.zooCfg.volume }}, mountPath: {{ $pod.zooCfg.mountPath }}, readOnly: true}
{{- end }}
- {name: zkark-tmp, mountPath: /tmp}
{{- end }}

{{- define "zkark.restoreContainer" -}}
- name: zkark-restore
  image: {{ include "zkark.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  args:
    - restore
    - --zoo-cfg={{ .Values.pod.zooCfg.mountPath }}/{{ .Values.pod.zooCfg.file }}
    {{- range .Values.restore.args }}
    - {{ . | quote }}
    {{- end }}
  envFrom:
    {{- include "zkark.envFrom" (dict "root" . "role" "shipper") | nindent 4 }}
  resources:
    {{- toYaml .Values.restore.resources | nindent 4 }}
  securityContext:
    {{- include "zkark.confined" . | nindent 4 }}
  volumeMounts:
    {{- include "zkark.volumeMounts" (dict "root" . "readOnly" false) | nindent 4 }}
{{- end }}

{{/* An init container; or, with sidecar.native=false, a container like any other. Its probes do not depend on the store. */}}
{{- define "zkark.sidecarContainer" -}}
- name: zkark
  image: {{ include "zkark.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  {{- if .Values.sidecar.native }}
  restartPolicy: Always
  {{- end }}
  args:
    - sidecar
    - --zoo-cfg={{ .Values.pod.zooCfg.mountPath }}/{{ .Values.pod.zooCfg.file }}
    - --listen=:{{ .Values.sidecar.port }}
    {{- range .Values.sidecar.args }}
    - {{ . | quote }}
    {{- end }}
  envFrom:
    {{- include "zkark.envFrom" (dict "root" . "role" "shipper") | nindent 4 }}
  env:
    - {name: GOMEMLIMIT, value: {{ .Values.sidecar.goMemoryLimit | quote }}}
  ports:
    - {name: zkark, containerPort: {{ .Values.sidecar.port }}}
  livenessProbe: {httpGet: {path: /livez, port: zkark}, periodSeconds: 30, timeoutSeconds: 5, failureThreshold: 4}
  readinessProbe: {httpGet: {path: /readyz, port: zkark}, periodSeconds: 10, timeoutSeconds: 5}
  resources:
    {{- toYaml .Values.sidecar.resources | nindent 4 }}
  securityContext:
    {{- include "zkark.confined" . | nindent 4 }}
  volumeMounts:
    {{- include "zkark.volumeMounts" (dict "root" . "readOnly" true) | nindent 4 }}
{{- end }}

{{- define "zkark.volumes" -}}
# Where a snapshot is packed before it is sent. Without a limit, because to exceed one evicts the pod, ZooKeeper and all.
- name: zkark-tmp
  emptyDir: {}
{{- end }}
