-- With the rollout number the annotation applies to this rollout only, and has no effect later.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["demoapp.dev/abort"] = tostring(obj.status.candidate.rollout)
return obj
