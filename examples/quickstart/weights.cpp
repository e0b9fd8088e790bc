// What idcl-merc trained, asked from C++: a file of weights carries its configuration, and a corpus of any known format is read by itself.
//
//     weights runs/c/best.pt data_iemocap.pkl           labels of the test split
//     weights runs/c/pretrained.pt data_iemocap.pkl     encoders of stage 1: embeddings of its dialogs

#include "train/classifier.hpp"

#include <iostream>

int main(int count, char** words) try {
  if (count != 3) throw merc::UsageError("usage: weights FILE.pt CORPUS");

  const auto model = merc::Classifier::from_weights(words[1]);
  const auto corpus = merc::load(words[2]);
  const auto embeddings = model.embed(corpus, "test");  // or model.predict(corpus, "test"): a label and its probabilities an utterance

  for (const auto& [name, rows] : embeddings.dialogs) std::cout << name << ": " << rows.rows << " dialogs x " << rows.cols << '\n';
  if (model.classes() == 0) return 0;
  const auto said = model.predict(corpus, "test").predicted;
  std::cout << "first utterance of " << corpus.test().dialogs.front().id << ": " << corpus.label_names.at(said.front()) << '\n';
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
