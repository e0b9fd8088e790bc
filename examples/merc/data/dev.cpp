#include "data/figures.hpp"

#include <algorithm>
#include <iterator>

namespace merc {

std::size_t dev_share(const Corpus& corpus) {
  if (corpus.has("dev") && !corpus.dev().empty()) return 0;
  if (!corpus.has("train") || corpus.train().dialogs.size() < 2) return 0;
  return std::max<std::size_t>(1, corpus.train().dialogs.size() / 10);
}

void hold_out_dev(Corpus& corpus) {
  const auto count = dev_share(corpus);
  if (count == 0) return;
  auto& train = corpus.splits["train"];
  auto& dev = corpus.splits["dev"];
  const auto total = train.dialogs.size();
  const auto end = train.dialogs.begin() + static_cast<std::ptrdiff_t>(count);
  dev.dialogs.assign(std::make_move_iterator(train.dialogs.begin()), std::make_move_iterator(end));
  train.dialogs.erase(train.dialogs.begin(), end);
  train.figures = figures_of(train);
  dev.figures = figures_of(dev);
  corpus.notes.push_back("no dev split: the first " + std::to_string(count) + " of " + std::to_string(total) +
                         " training dialogs are held out as dev");
}

}  // namespace merc
