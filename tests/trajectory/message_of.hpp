#pragma once

#include <c10/util/Exception.h>

#include <functional>
#include <stdexcept>
#include <string>

namespace idcl::test {

/// What was thrown, and nothing thrown is "".
inline std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

}  // namespace idcl::test
