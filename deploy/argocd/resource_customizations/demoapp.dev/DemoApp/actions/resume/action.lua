if obj.metadata.annotations ~= nil then
  obj.metadata.annotations["demoapp.dev/paused"] = nil
end
return obj
