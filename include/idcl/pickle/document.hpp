#pragma once

#include "file.hpp"
#include "value.hpp"

#include <deque>
#include <map>
#include <string>
#include <utility>

namespace idcl::pickle {

/// The object of a pickle and everything it is made of.
///
/// Values view the nodes and bytes that the document owns or, after `loads`, the caller's bytes: they live as long as those.
/// Move it freely, the nodes stay where they are; it is not copied.
class Document {
 public:
  Document() = default;
  Document(Document&&) = default;
  Document& operator=(Document&&) = default;

  Value root;
  int protocol = 0;                ///< as declared; 0 where the stream declares none
  std::size_t trailing_bytes = 0;  ///< bytes after the end of the pickle: ignored, worth a warning

  /// Makes an empty container, object, name or piece of text that lives as long as the document.
  Items* make_items() { return &items_.emplace_back(); }
  Object* make_object(Object object) { return &objects_.emplace_back(std::move(object)); }
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
  void keep(File file) { file_ = std::move(file); }

  /// Gives the memory of the kept file's bytes back to the system; Values stay as they are and are read again when looked at.
  void forget() const { file_.forget(); }

  /// The same name twice gives the same pointer.
  const GlobalName* make_global(std::string_view module, std::string_view name, Global id) {
    auto key = std::pair(std::string(module), std::string(name));
    auto value = GlobalName{key.first, key.second, id};
    return &globals_.try_emplace(std::move(key), std::move(value)).first->second;
  }

 private:
  File file_;
  std::deque<Items> items_;  // a node holds values that point to other nodes but owns none of them: no recursion when it goes
  std::deque<Object> objects_;
  std::deque<std::string> texts_;
  std::map<std::pair<std::string, std::string>, GlobalName> globals_;
};

}  // namespace idcl::pickle
