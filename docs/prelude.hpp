#pragma once

// What the examples in the pages assume: every block is compiled as the body of a function after this.

#include <idcl/idcl.hpp>

#include <torch/types.h>

namespace F = idcl::functional;

inline const auto embeddings = torch::randn({64, 32}).requires_grad_();
inline const auto image = torch::randn({64, 32}).requires_grad_(), text = torch::randn({64, 32}).requires_grad_();
inline const auto audio = torch::randn({64, 32});
inline const auto labels = torch::randint(0, 8, {64});
inline const auto audio_dialogs = torch::randn({64, 10, 32}).requires_grad_(), text_dialogs = torch::randn({64, 10, 32}).requires_grad_();
inline const auto mask = torch::ones({64, 10}, torch::kBool);
