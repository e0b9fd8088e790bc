#include "engine/incomplete.hpp"

struct WithoutPair {};

auto loss = idcl::ContrastiveLoss{idcl::similarity::Cosine{}, WithoutPair{}, idcl::objective::InfoNCE{}};
