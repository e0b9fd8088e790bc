#include <idcl/pickle/load.hpp>
#include <idcl/pickle/numpy.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

using namespace idcl::pickle;

/// Any bytes: a document or an Error, in bounded memory. Some arrays one and two levels down are read to their last element.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto document = loads({reinterpret_cast<const char*>(data), size}, {.memory = std::size_t{64} << 20, .persistent_ids = true});
    const auto touch = [](const Value& value) {
      if (const auto array = numpy::array(value)) {
        double sum = 0;
        numpy::visit(*array, [&](auto element) { sum += static_cast<double>(element); });
      }
      if (value.is_string()) text(value);
    };
    touch(document.root);
    if (!document.root.is_container()) return 0;
    const auto some = [](const Value& value) { return value.items().first(std::min<std::size_t>(value.items().size(), 50)); };
    for (const auto& child : some(document.root)) {
      touch(child);
      if (!child.is_container()) continue;
      for (const auto& grandchild : some(child)) touch(grandchild);
    }
  } catch (const Error&) {
  }
  return 0;
}
