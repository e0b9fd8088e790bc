#pragma once

#include "file.hpp"
#include "machine.hpp"

namespace idcl::pickle {

/// Reads one pickle of any protocol from memory, like Python's pickle.loads but without calling anything.
///
/// The document views `bytes`, which must outlive it. Throws Error with one line for whatever is damaged, hostile or not allowed;
/// never crashes, recurses or takes more memory than `options.memory`.
///
///     const std::string_view bytes = "\x80\x04]\x94(K\x01K\x02" "e.";
///     const auto document = idcl::pickle::loads(bytes);
///     document.root.items()[1].integer();  // 2
inline Document loads(std::string_view bytes, const Options& options = {}) {
  if (bytes.empty()) throw Error("the file is empty");
  Document document;
  Machine(document, bytes, options).run();
  return document;
}

/// Reads the pickle of a file; the document owns the bytes. Throws Error that begins with the path.
inline Document load(const std::filesystem::path& path, const Options& options = {}) {
  try {
    auto file = File::open(path);
    auto document = loads(file.bytes(), options);
    document.keep(std::move(file));
    return document;
  } catch (const Error& error) {
    throw Error(path.string() + ": " + error.what());
  }
}

}  // namespace idcl::pickle
