// Marks the folder. What it needs is pinned in test/cluster/argocd/go/go.mod, which is given with -modfile.
module demoapp.dev/test/deploy
