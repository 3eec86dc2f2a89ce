// Declares the module. Its dependencies are in tools/cluster/argocd/go/go.mod, which the build passes as -modfile.
module demoapp.dev/test/deploy
