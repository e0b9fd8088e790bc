#include <idcl/version.hpp>

#include <string>

#include "support/catch.hpp"

TEST_CASE("the header and CMake tell one version") {
  const auto text =
      std::to_string(idcl::version.major) + "." + std::to_string(idcl::version.minor) + "." + std::to_string(idcl::version.patch);
  CHECK(text == IDCL_CMAKE_VERSION);
}
