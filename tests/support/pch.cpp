// Empty on purpose: carries the precompiled header that every test reuses.
