#include "engine/incomplete.hpp"

struct WithoutEmbed {};

auto loss = idcl::ContrastiveLoss{WithoutEmbed{}, idcl::mining::Labels{}, idcl::objective::InfoNCE{}};
