#include "layers.hpp"

#include <ATen/Functions.h>

namespace merc {
namespace {

constexpr std::string_view kDot = "%2E", kPercent = "%25";

}  // namespace

SpeakerTableImpl::SpeakerTableImpl(const std::vector<std::string>& names, int64_t hidden) {
  for (const auto& name : names) rows_.push_back(register_parameter(escaped(name), at::zeros({hidden})));
}

Tensor SpeakerTableImpl::of(const Tensor& places) const {
  auto rows = rows_;
  rows.push_back(at::zeros_like(rows.front().detach()));  // of everybody else
  return at::stack(rows).index_select(0, places);
}

std::string SpeakerTableImpl::escaped(const std::string& name) {
  std::string text;
  for (const char letter : name) text += letter == '.' ? std::string(kDot) : letter == '%' ? std::string(kPercent) : std::string(1, letter);
  return text;
}

std::string SpeakerTableImpl::unescaped(const std::string& name) {
  std::string text;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto rest = std::string_view(name).substr(i, kDot.size());
    text += rest == kDot ? '.' : rest == kPercent ? '%' : name[i];
    if (rest == kDot || rest == kPercent) i += kDot.size() - 1;
  }
  return text;
}

}  // namespace merc
