#pragma once

#include <string>

namespace merc {

/// What the modules of a modality are called: as the released code calls them where it has them, else after the modality.
struct StreamNames {
  std::string modality, input, encoder, gate;
};

inline StreamNames stream_names(const std::string& modality) {
  if (modality == "text") return {modality, "textf_input", "t_t", "t_t_gate"};
  if (modality == "audio") return {modality, "acouf_input", "a_a", "a_a_gate"};
  if (modality == "visual") return {modality, "visuf_input", "v_v", "v_v_gate"};
  return {modality, modality + "_input", modality, modality + "_gate"};
}

/// The names of the modality whose projection has this name, "textf_input".
inline StreamNames stream_of_input(const std::string& input) {
  for (const auto* modality : {"text", "audio", "visual"})
    if (const auto names = stream_names(modality); names.input == input) return names;
  return stream_names(input.substr(0, input.size() - std::string("_input").size()));
}

}  // namespace merc
