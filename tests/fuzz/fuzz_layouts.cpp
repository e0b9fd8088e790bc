#include "data/inspect.hpp"
#include "data/layout.hpp"

#include <idcl/pickle/load.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <sstream>

/// Any bytes as a feature pickle: a corpus that can be audited, held out of, shown and written as JSON, or one line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto document = idcl::pickle::loads({reinterpret_cast<const char*>(data), size}, {.memory = std::size_t{64} << 20});
    auto corpus = merc::layout::any(document);
    merc::audit(corpus);
    merc::inspect_json(corpus).dump();
    merc::hold_out_dev(corpus);
    std::ostringstream table;
    merc::inspect_table(corpus, table);
  } catch (const idcl::pickle::Error&) {
  } catch (const merc::DataError&) {
  }
  return 0;
}
