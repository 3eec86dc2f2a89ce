-- The phase and the message of the status; the conditions, made for kstatus, have less detail.
local healthOf = {
  Healthy = "Healthy",
  Degraded = "Degraded",
  Paused = "Suspended",
  Suspended = "Suspended",
}
local status = obj.status
if status == nil or status.phase == nil then
  return { status = "Progressing", message = "The operator has not reported on it yet." }
end
-- The status is about an older spec.
if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "The operator has not reported on the newest change yet." }
end
local message = status.message or ""
-- The triggers of the notifications read the reason: no text that a user can choose comes before it.
if status.phase == "Degraded" or status.phase == "Paused" then
  for _, condition in ipairs(status.conditions or {}) do
    if condition.type == "Ready" then message = condition.reason .. ": " .. message end
  end
end
return { status = healthOf[status.phase] or "Progressing", message = message }
