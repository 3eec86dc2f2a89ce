local status = obj.status or {}
local annotations = obj.metadata.annotations or {}
local paused = annotations["demoapp.dev/paused"] == "true"
local suspended = status.phase == nil or status.phase == "Suspended"
-- Without an accepted version, abort has nothing to roll back to, and pause has no running version to keep.
local serves = status.stable ~= nil

local blocked = {}
for _, blocker in ipairs(status.blockers or {}) do
  blocked[blocker.reason] = true
end
-- The step of a canary or a blue-green rollout; the step of a rolling update has no weight. While the operator can't write,
-- the status has no step. With a verdict against the version, a promotion has no effect.
local step = not blocked.RollbackNeeded and status.weight and status.step
-- The step that a promotion ends, for the name of the action: without blue-green's hold, an instant rollback is impossible.
local present = step and "step " .. step.index .. " of " .. step.total .. ": " .. step.name or "this step"
-- If the stable version has an outage, the phase is Degraded, and a promotion can end the outage.
local waits = status.phase == "Paused" or blocked.StepWaits
-- A rollout that waits for evidence is Progressing, and a person can promote it without the evidence.
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Ready" and condition.reason == "StepAnalyses" then waits = true end
end

local function action(name, icon, enabled)
  return { displayName = name, iconClass = "fa fa-fw " .. icon, disabled = not enabled }
end

return {
  promote = action("Promote past " .. present, "fa-forward", step and waits),
  ["promote-all"] = action("Promote past all steps", "fa-fast-forward", step),
  abort = action("Abort the rollout", "fa-ban", serves and not suspended and status.candidate ~= nil),
  retry = action("Retry the rejected version", "fa-redo", blocked.RevisionRejected and not suspended),
  pause = action("Pause before the next rollout", "fa-pause", serves and not paused),
  resume = action("Resume", "fa-play", paused),
  restart = action("Restart the pods", "fa-sync", serves and not suspended),
}
