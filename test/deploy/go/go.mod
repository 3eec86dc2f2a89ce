// Marks the folder. What it needs is pinned in tools/cluster/argocd/go/go.mod, which is given with -modfile.
module demoapp.dev/test/deploy
