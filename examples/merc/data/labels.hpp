#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace merc {

/// Can this number be a label, or the -1 of none? There is room for more classes than any corpus has.
inline bool fits_label(std::int64_t number) { return number >= -1 && number <= 1 << 30; }

/// The names of the labels of a corpus with this many classes, in the order of the ids: 4 and 6 are IEMOCAP's, 7 MELD's.
///
/// 4-way is what MERC means by it, excited and frustrated dropped. Other counts give "0", "1", ...
inline std::vector<std::string> label_names(int classes) {
  switch (classes) {
    case 4:
      return {"happy", "sad", "neutral", "angry"};
    case 6:
      return {"happy", "sad", "neutral", "angry", "excited", "frustrated"};
    case 7:
      return {"neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger"};
    default:
      break;
  }
  std::vector<std::string> names;
  for (int label = 0; label < classes; ++label) names.push_back(std::to_string(label));
  return names;
}

}  // namespace merc
