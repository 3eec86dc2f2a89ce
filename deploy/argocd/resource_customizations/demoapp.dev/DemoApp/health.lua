-- The operator's status says it in full; its conditions keep to kstatus.
local healthOf = {
  Healthy = "Healthy",
  Degraded = "Degraded",
  Paused = "Suspended",
  Suspended = "Suspended",
}
local status = obj.status
if status == nil or status.phase == nil then
  return { status = "Progressing", message = "The operator has not seen it yet." }
end
-- What it says of an older spec says nothing of this one.
if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "The operator has not seen the newest change yet." }
end
return { status = healthOf[status.phase] or "Progressing", message = status.message }
