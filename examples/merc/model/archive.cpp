#include "archive.hpp"

#include "data/atomic.hpp"

#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/serialization/pickle.h>
#include <torch/csrc/jit/serialization/pickler.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

namespace merc {
void write_archive(const std::filesystem::path& path, const c10::IValue& value, const std::map<std::string, std::string>& records) {
  std::vector<char> archive;
  {
    caffe2::serialize::PyTorchStreamWriter writer([&](const void* data, size_t size) {
      const auto* bytes = static_cast<const char*>(data);
      archive.insert(archive.end(), bytes, bytes + size);
      return size;
    });
    // torch::pickle_save tags every dict with its type, by a function that torch.load refuses; hence the pickler itself.
    std::vector<char> pickle;
    torch::jit::Pickler pickler([&](const char* data, size_t size) { pickle.insert(pickle.end(), data, data + size); }, nullptr, nullptr,
                                nullptr, nullptr, /*tag_aggregates=*/false);
    pickler.protocol();
    pickler.pushIValue(value);
    pickler.stop();
    writer.writeRecord("data.pkl", pickle.data(), pickle.size());
    size_t index = 0;
    for (const auto& tensor : pickler.tensorData()) {
      const auto data = torch::jit::getWriteableTensorData(tensor);
      writer.writeRecord("data/" + std::to_string(index++), data.data(), data.sizeInBytes());
    }
    for (const auto& [name, text] : records) writer.writeRecord(name, text.data(), text.size());
    writer.writeEndOfFile();
  }
  write_file(path, [&](std::ostream& file) { file.write(archive.data(), static_cast<std::streamsize>(archive.size())); });
}

c10::IValue read_archive(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw DataError(path.string() + ": cannot be opened: " + std::strerror(errno));
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  try {
    return torch::jit::pickle_load(bytes);
  } catch (const std::exception&) {
    throw DataError(path.string() + ": is damaged or no archive of idcl-merc (" + std::to_string(bytes.size()) + " bytes)");
  }
}

}  // namespace merc
