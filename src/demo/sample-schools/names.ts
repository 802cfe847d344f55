/** Names to draw from. They are common ones; the people who bear them here are all invented. */

const words = (text: string) => text.split(',').map((word) => word.trim());

export const FAMILY_NAMES =
  words(`Abadie, Alvarez, Amiot, Aubert, Aït Benali, Bachelet, Baptiste, Barbier, Bardin,
  Baudry, Bazin, Belkacem, Benoît, Berger, Bernard, Bertrand, Besnard, Blanc, Bonnet, Bouchard, Boulanger, Bourgeois,
  Bousquet, Boyer, Brun, Camara, Carpentier, Cazenave, Chabert, Charpentier, Chevalier, Clément, Colin, Collet,
  Constant, Cordier, Coulibaly, Courtois, D'Almeida, D'Hérouville, Da Costa, Da Silva, Dallière, Dauphin, De Oliveira,
  De La Fontaine, Delmas, Delorme, Deschamps, Diallo, Diarra, Dos Santos, Dufour, Dumas, Dumoulin, Durand, Dutertre,
  Fabre, Faure, Ferrand, Fontaine, Fournier, Garcia, Garnier, Gaudin, Gauthier, Gérard, Girard, Gomez, Gonçalves,
  Guérin, Guichard, Guillaume, Hamidi, Hébert, Henry, Hernandez, Huët, Jacquet, Jolivet, Kaya, Kowalczyk, Lacombe,
  Lacroix, Lafforgue, Lagarde, Lambert, Laporte, Lassère, Le Bihan, Le Floc'h, Le Goff, Leclerc, Lefèvre, Legrand,
  Lemaître, Leroux, Lévêque, L'Hostis, Lopez, Maïga, Mallet, Marchand, Marion, Marty, Martin, Martinez, Masson,
  Mathieu, Mercier, Meunier, Michaud, Monnier, Moreau, Morel, Moulin, Muller, N'Diaye, Navarro, Nguyen, Nicolas,
  Olivier, Ouédraogo, Pagès, Pelletier, Pereira, Perrin, Petit, Pham, Picard, Pons, Poirier, Prévost, Rahmani, Renard,
  Rey, Ribeiro, Rivière, Robin, Roche, Rodriguez, Rolland, Roussel, Rousseau, Roux, Saint-Martin, Sánchez, Sarrazin,
  Schmitt, Simon, Soulier, Tessier, Thomas, Toussaint, Traoré, Vaillant, Van den Berghe, Vasseur, Vidal, Villeneuve,
  Vincent, Yılmaz, Zidane, Łódź, Ćosić, Œuvrard, Ÿssel`);

export const REUNION_FAMILY_NAMES =
  words(`Ah-Sing, Assoumani, Bègue, Boyer, Calpétard, Chane-Kane, Dijoux, Fontaine,
  Grondin, Hoarau, Ivoula, Lauret, Lebon, Maillot, Moutoussamy, Nativel, Ousseni, Payet, Rivière, Robert, Sautron,
  Técher, Turpin, Valliamé, Vitry`);

export const GIRLS =
  words(`Adèle, Agathe, Aïcha, Alice, Alix, Ambre, Anaïs, Anna, Assia, Camille, Capucine, Charlotte,
  Chloé, Clémence, Éléonore, Élise, Eloïse, Emma, Éva, Fatoumata, Garance, Hélène, Inaya, Inès, Iris, Jade, Jeanne,
  Joséphine, Juliette, Kenza, Léa, Lina, Louise, Lucie, Lya, Maëlle, Maïssa, Manon, Margaux, Marie-Lou, Mia, Naëlle,
  Nina, Noémie, Océane, Olivia, Romane, Rose, Salomé, Sarah, Sofia, Solène, Victoire, Yasmine, Zélie, Zoé`);

export const BOYS =
  words(`Aaron, Achille, Adam, Alexandre, Amine, Anaël, Anton, Arthur, Augustin, Axel, Baptiste,
  Bastien, Clément, Côme, Eliott, Enzo, Étienne, Félix, Gabin, Gabriel, Gaël, Hugo, Ibrahim, Imran, Isaac, Ismaël,
  Jean-Baptiste, Jules, Kaïs, Kylian, Léandre, Léo, Léon, Liam, Loïc, Louis, Lucas, Maël, Malo, Marius, Mathéo,
  Maxence, Milo, Mohamed, Naël, Nathan, Nino, Noah, Noé, Octave, Oscar, Paul, Raphaël, Robin, Sacha, Samuel, Théo,
  Timéo, Tom, Valentin, Victor, Yanis, Youssef`);

export const WOMEN =
  words(`Alexandra, Alice, Amandine, Amélie, Aminata, Anne, Anne-Laure, Aurélie, Béatrice, Camille,
  Caroline, Catarina, Cécile, Céline, Charlène, Claire, Coralie, Delphine, Élodie, Emmanuelle, Estelle, Fanny, Fatima,
  Florence, Gaëlle, Hélène, Isabelle, Jennifer, Julie, Karine, Laëtitia, Latifa, Laure, Leïla, Ludivine, Maria,
  Marie-Christine, Marion, Maud, Mélanie, Myriam, Nadège, Nathalie, Noémie, Ophélie, Pauline, Priscilla, Rachida,
  Sabrina, Samira, Sandrine, Séverine, Sonia, Stéphanie, Sylvie, Valérie, Vanessa, Virginie, Yasmina`);

export const MEN =
  words(`Abdel, Adrien, Alain, Alexis, Antoine, Arnaud, Benoît, Bruno, Cédric, Christophe, Damien,
  David, Éric, Fabien, Florian, François, Franck, Frédéric, Gérôme, Guillaume, Hervé, Jean-François, Jean-Pierre,
  Jérémy, João, Julien, Karim, Laurent, Loïc, Ludovic, Marc, Mathieu, Mehdi, Mickaël, Mourad, Nicolas, Olivier,
  Ousmane, Pascal, Patrick, Philippe, Pierre-Yves, Rachid, Régis, Romain, Sébastien, Stéphane, Sylvain, Thierry,
  Thomas, Vincent, Wilfried, Xavier, Yann, Yoann`);

export const STREETS =
  words(`rue des Écoles, rue du Lavoir, avenue de la Gare, chemin des Mésanges, place de l'Église,
  impasse du Moulin, allée des Tilleuls, rue de l'Hôtel-de-Ville, route du Château, boulevard des Peupliers`);

/** Longer than most forms expect: one family of the samples bears it. */
export const LONG_NAME = {
  family: 'De Montesquieu-Sainte-Radegonde de La Tour-Beaurevoir',
  given: 'Marie-Antoinette-Élisabeth',
  child: 'Jean-Sébastien-Maximilien',
};
