#pragma once

#include "file.hpp"
#include "load.hpp"
#include "zip.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace idcl::pickle {

/// A tensor of a torch archive: how its elements lie in a storage that other tensors may share.
struct TensorView {
  std::string name;
  std::string dtype;  ///< "float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"
  std::size_t element_size = 0;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  ///< in elements
  std::int64_t offset = 0;            ///< in elements, from the begin of the storage
  std::string_view storage;
  bool swapped = false;  ///< the archive has the other byte order than this machine

  std::int64_t elements() const {
    if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;  // the other extents may be absurd then
    std::int64_t count = 1;
    for (const auto extent : shape) count *= extent;
    return count;
  }

  /// Writes the elements in row-major order and native byte order: elements() * element_size bytes.
  void copy_to(void* out) const;
};

/// The named tensors of a `.pth` file in the order in which they were saved, and the bytes that they view.
struct StateDict {
  File file;
  std::vector<TensorView> tensors;
  std::vector<std::string> skipped;  ///< entries that are no tensors

  /// The tensor of a name, or nullptr.
  const TensorView* find(std::string_view name) const {
    const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const auto& tensor) { return tensor.name == name; });
    return found == tensors.end() ? nullptr : &*found;
  }
};

/// Whether records of an archive are compared with their checksums.
enum class Checksums { Verify, Ignore };

/// Reads what `torch.save(model.state_dict(), path)` writes (torch >= 1.6), OrderedDict, `_metadata` and shared storages included, without
/// LibTorch.
///
/// Also takes a plain dict of tensors, and a checkpoint that holds the state dict under "state_dict", "model_state_dict" or "model".
/// Throws Error that begins with the path. The tensors view the mapped file: nothing is copied yet.
inline StateDict read_state_dict(const std::filesystem::path& path);

/// The same from bytes in memory, which must outlive the tensors.
inline StateDict read_state_dict(std::string_view bytes, Checksums checksums = Checksums::Verify);

inline void TensorView::copy_to(void* out) const {
  auto* target = static_cast<char*>(out);
  const auto count = elements();
  if (count == 0) return;
  const auto dims = shape.size();
  bool contiguous = true;
  std::int64_t expected = 1;
  for (std::size_t d = dims; d-- > 0;) {
    contiguous = contiguous && (shape[d] == 1 || strides[d] == expected);
    expected *= shape[d];
  }
  const auto* begin = storage.data() + offset * static_cast<std::int64_t>(element_size);
  if (contiguous) {
    std::memcpy(target, begin, static_cast<std::size_t>(count) * element_size);
  } else {
    std::vector<std::int64_t> index(dims, 0);
    std::int64_t position = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      std::memcpy(target + i * static_cast<std::int64_t>(element_size), begin + position * static_cast<std::int64_t>(element_size),
                  element_size);
      for (std::size_t d = dims; d-- > 0;) {
        position += strides[d];
        if (++index[d] < shape[d]) break;
        position -= strides[d] * shape[d];
        index[d] = 0;
      }
    }
  }
  if (swapped) {
    for (std::int64_t i = 0; i < count; ++i)
      std::reverse(target + i * static_cast<std::int64_t>(element_size), target + (i + 1) * static_cast<std::int64_t>(element_size));
  }
}

namespace detail {

struct StorageType {
  std::string_view global;
  std::string_view dtype;
  std::size_t size;
};

inline StorageType storage_type(const GlobalName& global) {
  constexpr StorageType types[] = {
      {"FloatStorage", "float32", 4}, {"DoubleStorage", "float64", 8}, {"HalfStorage", "float16", 2}, {"BFloat16Storage", "bfloat16", 2},
      {"LongStorage", "int64", 8},    {"IntStorage", "int32", 4},      {"ShortStorage", "int16", 2},  {"CharStorage", "int8", 1},
      {"ByteStorage", "uint8", 1},    {"BoolStorage", "bool", 1},
  };
  for (const auto& type : types) {
    if (type.global == global.name) return type;
  }
  throw Error("a storage of type " + global.full() + " is not supported");
}

inline std::vector<std::int64_t> extents(const Value& value, const char* what) {
  if (!value.is_sequence() || value.count() > 64) throw Error(std::string("a tensor without ") + what + ": the file is damaged");
  std::vector<std::int64_t> result;
  for (const auto& extent : value.items()) {
    if (!extent.is(Kind::Int) || extent.integer() < 0)
      throw Error(std::string("a tensor with a negative ") + what + ": the file is damaged");
    result.push_back(extent.integer());
  }
  return result;
}

/// Reads tensors of one archive, each storage's record checked once.
class TensorReader {
 public:
  TensorReader(const std::vector<ZipEntry>& entries, std::string prefix, bool big_endian, Checksums checksums)
      : prefix_(std::move(prefix)), big_endian_(big_endian), checksums_(checksums) {
    for (const auto& entry : entries) records_.emplace(entry.name, &entry);
  }

  static bool is_tensor(const Value& value) { return is_made_by(value, Global::TorchTensor) || is_made_by(value, Global::TorchParameter); }

  TensorView read(std::string name, const Value& value) {
    const auto& arguments = value.object().arguments;
    if (is_made_by(value, Global::TorchParameter)) {  // (tensor, requires_grad, hooks)
      if (arguments.count() < 1 || !is_made_by(arguments.items()[0], Global::TorchTensor))
        throw Error("a parameter without its tensor: the file is damaged");
      return read(std::move(name), arguments.items()[0]);
    }
    // (storage, offset, size, stride, requires_grad, hooks, ...)
    if (arguments.count() < 4 || !arguments.items()[0].is(Kind::Persistent) || !arguments.items()[1].is(Kind::Int))
      throw Error("a tensor without its storage: the file is damaged");
    TensorView tensor;
    tensor.name = std::move(name);
    read_storage(tensor, arguments.items()[0].object().arguments);
    tensor.offset = arguments.items()[1].integer();
    tensor.shape = extents(arguments.items()[2], "size");
    tensor.strides = extents(arguments.items()[3], "stride");
    check(tensor);
    return tensor;
  }

 private:
  /// ("storage", torch.FloatStorage, key, location, elements)
  void read_storage(TensorView& tensor, const Value& id) {
    if (!id.is(Kind::Tuple) || id.count() < 5 || !id.items()[1].is(Kind::Global) || !id.items()[2].is_string())
      throw Error("a storage without its key: the file is damaged");
    const auto type = storage_type(id.items()[1].global());
    const auto found = records_.find(prefix_ + "data/" + std::string(id.items()[2].bytes()));
    if (found == records_.end()) throw Error("the archive has no record " + prefix_ + "data/" + text(id.items()[2]));
    if (checksums_ == Checksums::Verify && !verified_[found->first]) {
      found->second->verify();
      verified_[found->first] = true;
    }
    tensor.dtype = type.dtype;
    tensor.element_size = type.size;
    tensor.storage = found->second->data;
    tensor.swapped = big_endian_ != (std::endian::native == std::endian::big) && type.size > 1;
  }

  /// Does every element lie inside of the storage?
  static void check(const TensorView& tensor) {
    const auto have = static_cast<std::int64_t>(tensor.storage.size() / tensor.element_size);
    bool fits = tensor.shape.size() == tensor.strides.size() && tensor.offset >= 0 && tensor.offset <= have;
    std::int64_t count = 1;
    std::int64_t last = tensor.offset;
    if (std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end()) count = 0;
    for (std::size_t d = 0; fits && count > 0 && d < tensor.shape.size(); ++d) {
      // A stride of 0 repeats elements, so the count needs a bound of its own.
      fits = tensor.shape[d] <= (have + 1) / count && (tensor.shape[d] == 1 || tensor.strides[d] <= (have - last) / (tensor.shape[d] - 1));
      if (fits) {
        count *= tensor.shape[d];
        last += tensor.shape[d] == 1 ? 0 : tensor.strides[d] * (tensor.shape[d] - 1);
      }
    }
    if (!fits || (count > 0 && last >= have)) {
      throw Error("tensor " + tensor.name + " reaches beyond its storage of " + std::to_string(have) + " elements: the file is damaged");
    }
  }

  std::string prefix_;
  bool big_endian_;
  Checksums checksums_;
  std::map<std::string, const ZipEntry*> records_;
  std::map<std::string, bool> verified_;
};

/// The dict that maps names to tensors: the root, or what a checkpoint keeps under a usual name.
inline Value tensor_dict(const Value& root) {
  for (const auto* key : {"state_dict", "model_state_dict", "model"}) {
    const auto* inner = find(root, key);
    if (inner != nullptr && inner->is(Kind::Dict)) return *inner;
  }
  if (!root.is(Kind::Dict))
    throw Error(std::string("holds a ") + name(root.kind()) + ", expected a state dict: save model.state_dict(), not the model");
  return root;
}

}  // namespace detail

inline StateDict read_state_dict(std::string_view bytes, Checksums checksums) {
  if (!bytes.starts_with("PK")) {
    throw Error(bytes.starts_with("\x80\x02\x8a\x0a\x6c\xfc")
                    ? "is in the format of torch before 1.6: load it there and torch.save it again"
                    : "is no zip archive; expected what torch.save writes");
  }
  const auto entries = read_zip(bytes);
  const auto ends_with = [&](std::string_view suffix) {
    return std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.name.ends_with(suffix); });
  };
  const auto data = ends_with("/data.pkl");
  if (data == entries.end()) throw Error("the archive has no data.pkl; expected what torch.save writes");
  if (checksums == Checksums::Verify) data->verify();
  const auto order = ends_with("/byteorder");
  const auto prefix = data->name.substr(0, data->name.size() - std::string_view("data.pkl").size());
  detail::TensorReader reader(entries, prefix, order != entries.end() && order->data == "big", checksums);
  StateDict result;
  const auto document = loads(data->data, {.persistent_ids = true});
  const auto dict = detail::tensor_dict(document.root);
  for (std::size_t i = 0; i + 1 < dict.items().size(); i += 2) {
    const auto name = text(dict.items()[i]);
    if (detail::TensorReader::is_tensor(dict.items()[i + 1])) {
      result.tensors.push_back(reader.read(name, dict.items()[i + 1]));
    } else {
      result.skipped.push_back(name);
    }
  }
  return result;
}

inline StateDict read_state_dict(const std::filesystem::path& path) {
  try {
    auto file = File::open(path);
    auto result = read_state_dict(file.bytes());
    result.file = std::move(file);
    return result;
  } catch (const Error& error) {
    throw Error(path.string() + ": " + error.what());
  }
}

}  // namespace idcl::pickle
