-- Newest first: the last one with the image that Git asks for is the one that was rejected.
for _, rejected in ipairs(obj.status.rejected or {}) do
  if rejected.image == obj.spec.image then
    obj.metadata.annotations = obj.metadata.annotations or {}
    obj.metadata.annotations["demoapp.dev/retry"] = tostring(rejected.rollout)
    return obj
  end
end
return obj
