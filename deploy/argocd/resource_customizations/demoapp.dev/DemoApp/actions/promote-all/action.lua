-- With the rollout number the annotation applies to this rollout only, and has no effect later.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["demoapp.dev/promote"] = obj.status.candidate.rollout .. "/all"
return obj
