#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace idcl::pickle {

/// What an allowed global stands for.
enum class Global {
  Type,  ///< a class that only appears as an argument, such as the `list` of `defaultdict(list)`
  Set,
  FrozenSet,
  Dict,  ///< dict, OrderedDict, defaultdict
  Bytes,
  ByteArray,
  PlainObject,
  Encode,         ///< _codecs.encode(text, "latin1")
  Reconstructor,  ///< copyreg._reconstructor(class, object, None)
  NewObject,      ///< copyreg.__newobj__(class, *arguments)
  Sample,         ///< a class named Sample of any module: plain attributes
  NumpyReconstruct,
  NumpyArray,
  NumpyDType,
  NumpyScalar,
  NumpyFromBuffer,
  TorchTensor,
  TorchParameter,
  TorchStorage,
  TorchDType,
  TorchSize,
};

namespace detail {

/// Text of a file as a line may show it: printable ASCII, not long.
inline std::string shown(std::string_view text) {
  std::string out(text.substr(0, 60));
  for (auto& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

}  // namespace detail

/// A global as the file names it.
struct GlobalName {
  std::string module;
  std::string name;
  Global id = Global::Type;

  /// Both names as a line may show them.
  std::string full() const { return detail::shown(module) + "." + detail::shown(name); }
};

/// What `module.name` stands for, or nothing where it is not on the list of what feature files and state dicts need.
///
/// Being on the list means being understood, not being called: no global of a file is ever run.
std::optional<Global> allowed(std::string_view module, std::string_view name);

namespace detail {

struct AllowedGlobal {
  std::string_view module;
  std::string_view name;
  Global id;
};

inline constexpr std::array<AllowedGlobal, 36> kAllowedGlobals{{
    {"builtins", "set", Global::Set},
    {"builtins", "frozenset", Global::FrozenSet},
    {"builtins", "dict", Global::Dict},
    {"builtins", "bytes", Global::Bytes},
    {"builtins", "bytearray", Global::ByteArray},
    {"builtins", "object", Global::PlainObject},
    {"builtins", "list", Global::Type},
    {"builtins", "tuple", Global::Type},
    {"builtins", "str", Global::Type},
    {"builtins", "unicode", Global::Type},
    {"builtins", "int", Global::Type},
    {"builtins", "float", Global::Type},
    {"builtins", "bool", Global::Type},
    {"collections", "OrderedDict", Global::Dict},
    {"collections", "defaultdict", Global::Dict},
    {"_codecs", "encode", Global::Encode},
    {"copyreg", "_reconstructor", Global::Reconstructor},
    {"copyreg", "__newobj__", Global::NewObject},
    {"numpy", "ndarray", Global::NumpyArray},
    {"numpy", "dtype", Global::NumpyDType},
    {"numpy._core.multiarray", "_reconstruct", Global::NumpyReconstruct},
    {"numpy._core.multiarray", "scalar", Global::NumpyScalar},
    {"numpy._core.numeric", "_frombuffer", Global::NumpyFromBuffer},
    {"torch._utils", "_rebuild_tensor", Global::TorchTensor},
    {"torch._utils", "_rebuild_tensor_v2", Global::TorchTensor},
    {"torch._utils", "_rebuild_parameter", Global::TorchParameter},
    {"torch._utils", "_rebuild_parameter_with_state", Global::TorchParameter},
    {"torch.nn.parameter", "Parameter", Global::Type},
    {"torch", "Tensor", Global::Type},
    {"torch", "device", Global::Type},
    {"torch", "Size", Global::TorchSize},
    {"torch.storage", "UntypedStorage", Global::TorchStorage},
    {"torch.storage", "TypedStorage", Global::TorchStorage},
    {"torch.storage", "_UntypedStorage", Global::TorchStorage},
    {"torch", "UntypedStorage", Global::TorchStorage},
    {"torch.serialization", "_get_layout", Global::Type},
}};

inline constexpr std::array<std::string_view, 13> kTorchDTypes{"float64", "float32", "float16", "bfloat16", "int64", "int32",    "int16",
                                                               "int8",    "uint8",   "bool",    "double",   "float", "complex64"};

inline constexpr std::array<std::string_view, 10> kTorchStorages{"DoubleStorage", "FloatStorage", "HalfStorage",  "BFloat16Storage",
                                                                 "LongStorage",   "IntStorage",   "ShortStorage", "CharStorage",
                                                                 "ByteStorage",   "BoolStorage"};

/// One name for what Python 2, Python 3, numpy 1 and numpy 2 call differently.
inline std::string canonical_module(std::string_view module) {
  if (module == "__builtin__") return "builtins";
  if (module == "copy_reg") return "copyreg";
  constexpr std::string_view old_numpy = "numpy.core.";
  if (module.starts_with(old_numpy)) return "numpy._core." + std::string(module.substr(old_numpy.size()));
  return std::string(module);
}

}  // namespace detail

inline std::optional<Global> allowed(std::string_view module, std::string_view name) {
  if (name == "Sample") return Global::Sample;
  const auto canonical = detail::canonical_module(module);
  for (const auto& global : detail::kAllowedGlobals) {
    if (global.module == canonical && global.name == name) return global.id;
  }
  if (canonical == "torch") {
    for (const auto dtype : detail::kTorchDTypes) {
      if (dtype == name) return Global::TorchDType;
    }
    for (const auto storage : detail::kTorchStorages) {
      if (storage == name) return Global::TorchStorage;
    }
  }
  return std::nullopt;
}

}  // namespace idcl::pickle
