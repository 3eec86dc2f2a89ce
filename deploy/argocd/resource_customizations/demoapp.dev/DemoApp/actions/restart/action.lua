local os = require("os")
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["demoapp.dev/restart-at"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
