#pragma once

// The one place that knows the version: CMake reads these three lines.
#define IDCL_VERSION_MAJOR 0
#define IDCL_VERSION_MINOR 1
#define IDCL_VERSION_PATCH 0

namespace idcl {

/// The version of these headers; compare with `IDCL_VERSION_*` where the preprocessor has to decide.
struct Version {
  int major, minor, patch;
};

inline constexpr Version version{IDCL_VERSION_MAJOR, IDCL_VERSION_MINOR, IDCL_VERSION_PATCH};

}  // namespace idcl
