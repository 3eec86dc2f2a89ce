-- With the numbers of rollout and step, the annotation applies to this step only, and has no effect later.
local status = obj.status
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["demoapp.dev/promote"] = status.candidate.rollout .. "/" .. status.step.index
return obj
