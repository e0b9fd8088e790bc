#include <idcl/pickle/state_dict.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

using namespace idcl::pickle;

/// Any bytes as an archive of torch.save: tensors that can be copied out, or an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    for (const auto& tensor : read_state_dict(std::string_view(reinterpret_cast<const char*>(data), size), Checksums::Ignore).tensors) {
      std::vector<char> elements(static_cast<std::size_t>(tensor.elements()) * tensor.element_size);
      tensor.copy_to(elements.data());
    }
  } catch (const Error&) {
  }
  return 0;
}
