-- The blocker names the requested revision; several rejected revisions may have the same image.
local status = obj.status or {}
local requested = nil
for _, blocker in ipairs(status.blockers or {}) do
  if blocker.reason == "RevisionRejected" then
    requested = blocker.object
  end
end
for _, rejected in ipairs(status.rejected or {}) do
  if "ControllerRevision/" .. obj.metadata.name .. "-" .. rejected.hash == requested then
    obj.metadata.annotations = obj.metadata.annotations or {}
    obj.metadata.annotations["demoapp.dev/retry"] = tostring(rejected.rollout)
  end
end
return obj
