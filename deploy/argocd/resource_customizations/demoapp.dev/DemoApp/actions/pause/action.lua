obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["demoapp.dev/paused"] = "true"
return obj
