#pragma once

#include <c10/util/Exception.h>

#include <string>
#include <vector>

namespace idcl::test {

/// Collects LibTorch's warnings within a scope, instead of printing them.
class Warnings : public c10::WarningHandler {
 public:
  void process(const c10::Warning& warning) override { messages.push_back(warning.msg()); }

  std::vector<std::string> messages;

 private:
  c10::WarningUtils::WarningHandlerGuard guard_{this};
};

}  // namespace idcl::test
