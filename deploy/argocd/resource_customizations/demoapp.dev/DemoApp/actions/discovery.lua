local status = obj.status or {}
local annotations = obj.metadata.annotations or {}
local paused = annotations["demoapp.dev/paused"] == "true"
local suspended = status.phase == nil or status.phase == "Suspended"
-- Without an accepted version, abort has nothing to roll back to, and pause has no running version to keep.
local serves = status.stable ~= nil

local rejected = false
for _, blocker in ipairs(status.blockers or {}) do
  rejected = rejected or blocker.reason == "RevisionRejected"
end

local function action(name, icon, enabled)
  return { displayName = name, iconClass = "fa fa-fw " .. icon, disabled = not enabled }
end

return {
  promote = action("Promote", "fa-forward", status.phase == "Paused" and status.candidate ~= nil),
  abort = action("Abort the rollout", "fa-ban", serves and not suspended and status.candidate ~= nil),
  retry = action("Retry the rejected version", "fa-redo", rejected and not suspended),
  pause = action("Pause before the next rollout", "fa-pause", serves and not paused),
  resume = action("Resume", "fa-play", paused),
  restart = action("Restart the pods", "fa-sync", serves and not suspended),
}
