#pragma once

#include "data/corpus.hpp"

#include <string_view>

namespace merc {

/// The session of an IEMOCAP id, "Ses05F_impro01" -> 5; 0 for other ids.
inline int session(std::string_view id) {
  const bool shaped =
      id.size() > 6 && id.starts_with("Ses0") && id[4] >= '1' && id[4] <= '9' && (id[5] == 'F' || id[5] == 'M') && id[6] == '_';
  return shaped ? id[4] - '0' : 0;
}

/// Are these dialogs of IEMOCAP, by the shape of most ids?
inline bool is_iemocap(const Corpus& corpus) {
  std::int64_t with = 0;
  std::int64_t without = 0;
  for (const auto& [name, split] : corpus.splits) {
    for (const auto& dialog : split.dialogs) ++(session(dialog.id) != 0 ? with : without);
  }
  return with > without;
}

}  // namespace merc
