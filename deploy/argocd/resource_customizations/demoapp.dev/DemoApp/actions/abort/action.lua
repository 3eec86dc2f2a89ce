-- Names the rollout, so that it means this one alone and is inert afterwards.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["demoapp.dev/abort"] = tostring(obj.status.candidate.rollout)
return obj
