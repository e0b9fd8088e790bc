#pragma once

#include "idcl/objective/fusible.hpp"
#include "idcl/objective/fusible_pairs.hpp"
#include "idcl/objective/fusible_rows.hpp"

namespace idcl {

/// Has an objective kernels, of one kind or another?
template <class O>
concept HasKernels = Fusible<O> || FusiblePairs<O> || FusibleRows<O>;

/// Do a pair's slopes depend on its own row alone, so that they can be taken while its loss is? An objective of pairs says so, where all its
/// pairs weigh what their row does, by `static constexpr bool eager = true`; one that sees whole rows always can.
template <class O>
inline constexpr bool takes_slopes_early = FusibleRows<O> || requires { requires O::eager; };

/// Has a row without loss no slopes either? An objective of hinges says so, by `static constexpr bool flat_at_zero = true`.
template <class O>
inline constexpr bool is_flat_at_zero = requires { requires O::flat_at_zero; };

}  // namespace idcl
