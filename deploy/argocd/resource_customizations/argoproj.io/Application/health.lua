-- Argo CD has no health check for Applications since 1.8, but the sync waves of an app of apps need one. Applications
-- have no observedGeneration: the source of the last comparison shows which spec the status is about.
local function health(status, message)
  return { status = status, message = message }
end
local status, source = obj.status or {}, obj.spec.source or {}
local sync, operation = status.sync or {}, status.operationState or {}
local compared = (sync.comparedTo or {}).source or {}
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "ComparisonError" or condition.type == "InvalidSpecError" then
    return health("Degraded", condition.message)
  end
end
if compared.repoURL ~= source.repoURL or compared.path ~= source.path or compared.targetRevision ~= source.targetRevision then
  return health("Progressing", "Its newest spec has not been compared with the cluster yet.")
end
-- A sync stays Running during its retries. Degraded fails the parent's sync, which then uses the newest commit.
local running = operation.phase == "Running"
if operation.phase == "Failed" or operation.phase == "Error" or (running and (operation.retryCount or 0) > 0) then
  return health("Degraded", operation.message)
end
if running or sync.status ~= "Synced" then
  return health("Progressing", "It is not synced yet.")
end
return status.health or health("Progressing", "Its health is not known yet.")
