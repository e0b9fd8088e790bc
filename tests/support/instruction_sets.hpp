#pragma once

#include "idcl/core/simd.hpp"

#include <vector>

/// Every processor that this one can stand for.
inline std::vector<idcl::simd::Isa> instruction_sets() {
  using idcl::simd::Isa;
  std::vector<Isa> found;
  for (const auto isa : {Isa::Portable, Isa::Avx2, Isa::Avx512})
    if (idcl::simd::supports(isa)) found.push_back(isa);
  return found;
}
